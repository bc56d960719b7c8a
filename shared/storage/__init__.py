"""MongoDB-wire storage: connection, grouped operations and indexes.

Two rules keep every engine (MongoDB, the embedded one, the conformance suite's second one) in agreement:
times are integers (milliseconds), and what users send is kept as one JSON string, never as keys of a document.
"""

from shared.storage.batcher import Batcher
from shared.storage.collection import Absent, Collection, Receipt
from shared.storage.files import Files
from shared.storage.mongo import Document, Index, Store, connect, translate_errors

__all__ = [
    "Absent",
    "Batcher",
    "Collection",
    "Document",
    "Files",
    "Index",
    "Receipt",
    "Store",
    "connect",
    "translate_errors",
]

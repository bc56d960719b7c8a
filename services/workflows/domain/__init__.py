"""Pure rules of workflows: what one consists of and how large it may be."""

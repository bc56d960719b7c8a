"""The node types a robot can execute.

Settings come from `config`, with `{{templates}}` resolved; a wire into the port of the same name wins. Control enters
by `exec_in` and leaves by `exec_out` unless another port is named.

StartNode
EndNode           outputs {name: value}; ends its branch and the loops around it
IfNode            condition (expression); control: true, false; data: result
ForEachNode       items, item_variable = item, index_variable; control: loop_body, completed; data: item, index, count
SetVariableNode   variable_name, value; data: value
GetVariableNode   variable_name, default_value; data: value
ExpressionNode    expression, variable_name to keep the result; data: result
DelayNode         seconds, or duration_ms
LogNode           message, level = info; data: message
ReadCSVNode       file_path, delimiter, has_header, encoding; data: data, headers, row_count
WriteCSVNode      file_path, data, headers, delimiter, encoding; data: file_path, row_count
WriteJSONNode     file_path, data, indent = 2, decimals = string or number; data: file_path, size_bytes
HTTPRequestNode   url, method, headers, params, body, timeout_seconds = 30, follow_redirects = false,
                  fail_on_error_status = true; data: status_code, response_body, response_json, response_headers

`HttpRequestNode` and `WriteJSONFileNode` are the same under the names older workflows use.
"""

from robot.nodes import csv_files, flow, http, json_files, timing, variables
from robot.nodes.context import NodeContext
from robot.nodes.table import BranchEnded, NodeTable, NodeType, Outcome

NODE_TYPES = NodeTable.of(
    flow.nodes,
    variables.nodes,
    timing.nodes,
    csv_files.nodes,
    json_files.nodes,
    http.nodes,
)

__all__ = ["NODE_TYPES", "BranchEnded", "NodeContext", "NodeTable", "NodeType", "Outcome"]

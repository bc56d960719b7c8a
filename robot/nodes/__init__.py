"""The node types a robot can execute.

Settings come from `config`, with `{{templates}}` resolved; a wire into the port of the same name wins. Control enters
by `exec_in` and leaves by `exec_out` unless another port is named.

StartNode
EndNode           outputs {name: value}; ends its branch and the loops around it
IfNode            condition (expression); control: true, false; data: result
ForEachNode       items, item_variable = item, index_variable; control: loop_body, completed; data: item, index, count
ForNode           start = 0, end, step = 1, variable_name; control: loop_body, completed; data: value, index
WhileNode         condition (expression), max_rounds; control: loop_body, completed; data: index, count
BreakNode         ends the innermost loop
ContinueNode      goes on with its next round
TryNode           error_types, error_variable = error; control: try_body, catch, finally, completed;
                  data: failed, error_type, error_message, error_node
ParallelNode      max_concurrency = 4, on_failure = cancel or collect; control: branch, completed;
                  data: branches, failed
SubWorkflowNode   workflow, file or workflow_id with version; inputs, outputs; data: outputs
ShellNode         argv or command, cwd, env, stdin, timeout_seconds; data: exit_code, stdout, stderr (off by default)
PythonNode        code, inputs, timeout_seconds; data: result (off by default)
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

Every node may have `retry` and `fallbacks` (see `robot.mending`) and refer to secrets (see `robot.secrets`).

`HttpRequestNode` and `WriteJSONFileNode` are the same under the names older workflows use.
"""

from robot.nodes import (
    attempts,
    code,
    csv_files,
    flow,
    http,
    json_files,
    loops,
    parallel,
    subworkflows,
    timing,
    variables,
)
from robot.nodes.context import NodeContext
from robot.nodes.table import BranchEnded, NodeTable, NodeType, Outcome

NODE_TYPES = NodeTable.of(
    flow.nodes,
    loops.nodes,
    attempts.nodes,
    parallel.nodes,
    subworkflows.nodes,
    code.nodes,
    variables.nodes,
    timing.nodes,
    csv_files.nodes,
    json_files.nodes,
    http.nodes,
)

__all__ = ["NODE_TYPES", "BranchEnded", "NodeContext", "NodeTable", "NodeType", "Outcome"]

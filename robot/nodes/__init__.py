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

Each of these says in its docstring what it takes, offers and fails with:

files            file.list, file.exists, file.copy, file.move, file.delete, folder.create, archive.zip, archive.unzip
text files       text.read_file, text.write_file
tables           csv.read (ReadCSVNode), csv.write (WriteCSVNode), json.read, json.write (WriteJSONNode), excel.sheets,
                 excel.read, excel.write, excel.append
texts            text.match, text.extract, text.replace, text.split, text.case, text.trim, text.join, text.template,
                 text.parse_number
dates            date.now, date.parse, date.format, date.convert, date.add, date.difference, date.is_business_day
the network      http.request (HTTPRequestNode), mail.send
databases        sql.query, sql.execute, sql.transaction
Robot Framework  robot_framework.run
the browser      browser.open, .goto, .click, .fill, .select, .check, .press, .wait_for, .extract, .screenshot,
                 .download, .upload, .evaluate, .close

Every node may have `retry` and `fallbacks` (see `robot.mending`) and refer to secrets (see `robot.secrets`).

`HttpRequestNode` and `WriteJSONFileNode` are the same under the names older workflows use.
"""

from robot.nodes import (
    archives,
    attempts,
    browser,
    browser_results,
    code,
    csv_files,
    dates,
    excel,
    files,
    flow,
    http,
    json_files,
    loops,
    mail,
    parallel,
    patterns,
    robot_framework,
    sql,
    subworkflows,
    text_files,
    texts,
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
    files.nodes,
    text_files.nodes,
    archives.nodes,
    excel.nodes,
    patterns.nodes,
    texts.nodes,
    dates.nodes,
    mail.nodes,
    sql.nodes,
    robot_framework.nodes,
    browser.nodes,
    browser_results.nodes,
)

__all__ = ["NODE_TYPES", "BranchEnded", "NodeContext", "NodeTable", "NodeType", "Outcome"]

"""Docstrings in Elixir's terms: `nil` for None, reasons for exceptions, examples that run."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator
from functools import cache

from vllm_bridge.codegen.docstrings import Docstring, DocstringError, Raised, parse
from vllm_bridge.codegen.elixir.examples import ANSWERED, ARGUMENTS, CALLS
from vllm_bridge.codegen.elixir.glossary import meaning
from vllm_bridge.codegen.elixir.layout import reflowed
from vllm_bridge.codegen.elixir.types import STRUCTS, argument_type, module_of
from vllm_bridge.contract import RECEIVER, REF, Method, Parameter, Record, records
from vllm_bridge.surface import CLASSES, PLAIN_DATA, Kind
from vllm_distributed import errors

_REASONS: dict[str, str] = {
    name: cls.reason
    for name, cls in vars(errors).items()
    if isinstance(cls, type) and issubclass(cls, errors.DistributedError)
} | {"ValidationError": "invalid_argument"}

_WORDS = {"None": "`nil`", "True": "`true`", "False": "`false`", "dict": "map", "dicts": "maps"}
"""Names of Python's in running text."""

_NAMES = {
    "None": "nil",
    "True": "true",
    "False": "false",
    "dict": "map",
    "object_codec": "Vllm.Term",
    "init_logger(__name__)": 'init_logger("my_app")',
} | {name: module_of(name) for name in CLASSES}
"""Names of Python's between backticks."""


def in_elixir(text: str) -> str:
    """Text with Elixir's names for the Python names in it. No other word changes."""
    parts = text.split("`")
    if len(parts) % 2 == 0 or (len(parts) > 1 and "" in parts[1::2]):
        raise DocstringError(f"a backtick too many or too few in {text!r}")
    return "".join(_code(part) if odd else _prose(part) for odd, part in _alternating(parts))


def _alternating(parts: list[str]) -> Iterator[tuple[bool, str]]:
    return zip(itertools.cycle((False, True)), parts, strict=False)


def _prose(text: str) -> str:
    return re.sub(r"\w+", lambda word: _WORDS.get(word[0], word[0]), text)


def _code(code: str) -> str:
    if re.fullmatch(r"\w+Error", code):
        return _error(code)
    owner, dot, name = code.partition(".")
    if dot and owner in CLASSES:
        return f"`{module_of(owner)}.{name}`"
    keyword = re.fullmatch(r"(\w+)=(\w+)", code)
    if keyword:
        return f"`{keyword[1]}: {_NAMES.get(keyword[2], keyword[2])}`"
    return f"`{_NAMES.get(code, code)}`"


def _error(name: str) -> str:
    """How an exception is told apart in Elixir."""
    return f'`"{_REASONS[name]}"`' if name in _REASONS else f'`"exception"` ({name})'


def _paragraphs(doc: Docstring) -> list[str]:
    blocks = [block for block in (doc.summary, *doc.body) if block]
    return [block if block.startswith("    ") else in_elixir(block) for block in blocks]


def _errors(doc: Docstring) -> Iterator[str]:
    if doc.raises:
        yield "## Errors\n\n" + "\n".join(_raised(raised) for raised in doc.raises)


def _raised(raised: Raised) -> str:
    names = ", ".join(_error(name) for name in raised.errors)
    when = _one_line(in_elixir(raised.when))
    return f"  * {names} - {when}" if names and when else f"  * {names or when}"


def function_doc(method: Method) -> str:
    """The text of a function's `@doc`."""
    item = method.exposed
    doc = parse(item.doc)
    parts = _paragraphs(doc) or [f"The value of `{item.name}`."]
    if item.kind is Kind.CONSTRUCTOR:
        module = module_of(item.service)
        where = "checked by a rank" if item.service in PLAIN_DATA else "in a rank, which checks it"
        parts = [
            f"Makes a `{module}`, {where}; the module says more. {_lead(in_elixir(doc.summary))}"
        ]
    parts += _notes(method)
    parameters = [_parameter(method, parameter) for parameter in method.parameters]
    if parameters:
        parts.append("## Parameters\n\n" + "\n".join(parameters))
    parts += _errors(doc)
    parts.append("## Example\n\n" + _example(method))
    return reflowed("\n\n".join(parts))


def _lead(summary: str) -> str:
    return "" if summary.startswith("Not for users") else summary


def _notes(method: Method) -> Iterator[str]:
    item = method.exposed
    if item.collective:
        yield "Collective: every member of the group must make this call."
    elif item.gated:
        yield "Between two ranks: the other rank makes the matching call."
    elif item.kind is not Kind.CONSTRUCTOR:
        yield "Not collective: it concerns only the rank of its session."
    if item.inline:
        yield "Answered at once, even while the rank runs another call."
    if item.context_manager:
        yield (
            "Returns a context, for `Vllm.with_context/3`. With a function as the last argument, "
            "it enters the context, runs the function with the context's value, exits the context "
            "and returns what the function returned."
        )


def _parameter(method: Method, parameter: Parameter) -> str:
    item = method.exposed
    if parameter.name == RECEIVER:
        kind = argument_type(parameter.type)
        return f"  * `receiver` (`{kind}`) - the object, whose session runs it"
    if item.kind is Kind.CONSTRUCTOR and item.service in records():
        what = field_docs(CLASSES[item.service]).get(parameter.name)
    else:
        what = None
    what = _told(what) if what else meaning(item.qualified_name, parameter.name)
    default = _default(method, parameter)
    kind = argument_type(parameter.type).replace(" | nil", "")
    said = f" - {_one_line(what)}" if what else ""
    return f"  * `{parameter.name}` (`{kind}`{default}){said}"


def _default(method: Method, parameter: Parameter) -> str:
    if not parameter.optional or not callable(method.exposed.target):
        return ""
    value = inspect.signature(method.exposed.target).parameters[parameter.name].default
    if isinstance(value, (bool, int, float, str)) or value is None:
        return f", default `{literal(value)}`"
    return ""


def literal(value: object) -> str:
    """A plain value as Elixir writes it."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value)


def _told(doc: str) -> str:
    """The text of a field, without examples."""
    return " ".join(_paragraphs(parse(doc)))


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _example(method: Method) -> str:
    item = method.exposed
    module = module_of(item.service)
    answered = ANSWERED.get(item.qualified_name)
    if answered:
        return "\n".join(_doctest(module, call, answer) for call, answer in answered)
    if item.qualified_name in CALLS:
        return _indented(CALLS[item.qualified_name])
    arguments = [
        ARGUMENTS.get(parameter.name, parameter.name.lower())
        for parameter in method.parameters
        if not parameter.optional
    ]
    receiver = any(parameter.name == RECEIVER for parameter in method.parameters)
    if receiver:
        arguments[0] = _variable(item.service)
    name = item.name.lower()
    call = f"{module}.{name}({', '.join(arguments)})"
    if item.context_manager:
        inside = ", ".join([*arguments, "fn _value -> work() end"])
        return f"    {{:ok, result}} = {module}.{name}({inside})"
    return f"    {{:ok, {_answer(method)}}} = {call}"


def _indented(code: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in code.splitlines())


def _doctest(module: str, call: str, answer: str) -> str:
    """Calls in a chain are of the same module."""
    full = re.sub(r"(^|\|> )(?=[a-z_!]+\()", rf"\1{module}.", call)
    return f"    iex> {full}\n    {answer}"


def _variable(service: str) -> str:
    return {
        "GroupCoordinator": "group",
        "StatelessGroupCoordinator": "group",
        "StatelessProcessGroup": "group",
        "DeviceCommunicatorBase": "communicator",
        "MessageQueue": "queue",
        "ParallelConfig": "config",
        "EPLBConfig": "config",
    }.get(service, service.lower())


def _answer(method: Method) -> str:
    result = method.result
    kinds = {
        "none": "nil",
        "group": "%Vllm.Distributed.GroupCoordinator{}",
        "process_group": "%Vllm.Distributed.ProcessGroup{}",
        "tensor": "%Vllm.Tensor{}",
        "tuple": "{" + ", ".join("_" for _ in result.items) + "}",
    }
    if result.name:
        return f"%{module_of(result.name)}{{}}"
    if result.kind == "object":
        return "%Vllm.Ref{}"
    names = {"bool": "true?", "int": "number", "string": "text", "list": "list"}
    return kinds.get(result.kind) or names.get(result.kind, "value").rstrip("?")


def module_doc(service: str) -> str:
    """The text of a class's `@moduledoc`."""
    parts = _paragraphs(parse(inspect.getdoc(CLASSES[service]) or ""))
    record = records().get(service)
    if record is not None:
        parts += _struct_doc(record)
    elif service in STRUCTS:
        parts += [_KEPT, _fields_doc(CLASSES[service], dict.fromkeys(STRUCTS[service], ""))]
    return reflowed("\n\n".join(parts))


_KEPT = (
    "The object stays in its rank; `ref` names it there. The other fields are a copy from when the "
    "call returned. Functions take the struct, or just its `Vllm.Ref`."
)


def _struct_doc(record: Record) -> Iterator[str]:
    if record.plain:
        yield (
            "Plain data: the struct travels with its values, and any session can use it. In an "
            "argument, fields that are `nil` get their default."
        )
    else:
        yield _KEPT
    if record.fields:
        notes = {field.name: " (derived)" if field.derived else "" for field in record.fields}
        yield _fields_doc(record.cls, notes)


def _fields_doc(cls: type, notes: dict[str, str]) -> str:
    docs = field_docs(cls)
    lines = []
    for name, note in notes.items():
        what = _one_line(_told(docs.get(name, "")))
        if name != REF:
            lines.append(f"  * `{name}`{note}" + (f" - {what}" if what else ""))
    return "## Fields\n\n" + "\n".join(lines)


@cache
def field_docs(cls: type) -> dict[str, str]:
    """What stands as a string behind the attributes of a class, and the docs of its properties."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        if not base.__module__.startswith("vllm_distributed"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        for block in ast.walk(tree):
            if isinstance(block, (ast.ClassDef, ast.FunctionDef)):
                docs |= dict(_documented(block.body))
        for name, member in vars(base).items():
            if isinstance(member, property):
                docs[name] = (inspect.getdoc(member) or "").partition("\n\n")[0]
    return docs


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in itertools.pairwise(body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(following, ast.Expr):
            continue
        target, text = statement.target, following.value
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            name = target.attr if isinstance(target, ast.Attribute) else ast.unparse(target)
            yield name, inspect.cleandoc(text.value)


def distributed_doc(doc: str) -> str:
    """The text of the `@moduledoc` of `Vllm.Distributed`."""
    return reflowed("\n\n".join((*_paragraphs(parse(doc)), *_CALLING)))


_CALLING = (
    "Every function takes its arguments by position or by name, as in Python, and returns "
    "`{:ok, value}` or `{:error, %Vllm.Error{}}`; the form with a `!` returns the value or raises. "
    "`__runtime__: [...]` among the named ones has the options of the call (`Vllm.Runtime`): "
    "timeout, session, pool. An argument left out has the default named under Parameters.",
    'Errors are told apart by `reason`, such as `"group_not_initialized"`.',
)

"""Which module of the project imports which, read from the source: nothing is imported and each file is parsed once.

Imports inside functions count like those at the top. Reads shared/, tools/ and tasks.py; writes nothing. Not for
modules that are named at run time (`importlib.import_module`), which this project does not do.

    graph = ImportGraph(PROJECT)
    graph.reached_from(["tools.trainer.cli"])     # with shared.models.dual_head, without shared.statistics.power
    graph.files_of("trainer")                     # what the trainer's result can depend on
"""

import ast
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_DATA_SUFFIXES = {".css", ".html", ".js", ".json", ".md", ".mjs", ".svg", ".toml", ".mts"}


@dataclass(frozen=True)
class Source:
    """What a module's text says.

    Attributes:
        imports: Dotted names of all that it imports, of other packages too: ``from a.b import c`` gives ``a.b.c``.
        imports_at_start: Those that run when the module is imported, in no function and not for type checkers only.
        texts: Its string constants.
    """

    imports: frozenset[str]
    imports_at_start: frozenset[str]
    texts: frozenset[str]


def read_source(path: Path) -> Source:
    """Parse a module.

    Raises:
        ValueError: It has a relative import, which the project bans.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    everything = list(ast.walk(tree))
    return Source(
        frozenset(_imported(path, everything)),
        frozenset(_imported(path, _run_at_start(tree))),
        frozenset(node.value for node in everything if isinstance(node, ast.Constant) and isinstance(node.value, str)),
    )


def _imported(path: Path, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Name what import statements import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: a relative import")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_at_start(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs on import."""
    yield node
    for child in ast.iter_child_nodes(node):
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if not is_function and not _is_for_type_checkers(child):
            yield from _run_at_start(child)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


class ImportGraph:
    """The modules of a checkout and their imports; a file is read when it is first asked for.

    Args:
        root: The folder that holds shared/, tools/, schemas/ and tasks.py.
    """

    def __init__(self, root: Path = PROJECT) -> None:
        self._root = root
        self._sources: dict[str, Source] = {}
        self._files: dict[str, Path | None] = {}

    def modules(self) -> list[str]:
        """Name every module of shared/ and tools/, packages included, and ``tasks``; sorted."""
        files = [path for folder in ("shared", "tools") for path in (self._root / folder).rglob("*.py")]
        return sorted({"tasks", *map(self.module_of, files)})

    def source(self, module: str) -> Source:
        """Return what a module's text says."""
        if module not in self._sources:
            self._sources[module] = read_source(self.file(module))
        return self._sources[module]

    def file(self, module: str) -> Path:
        """Return a module's file.

        Raises:
            KeyError: The project has no such module.
        """
        if path := self._find(module):
            return path
        raise KeyError(module)

    def module_of(self, path: Path) -> str:
        """Name the module of a file, by its path in the checkout."""
        parts = path.relative_to(self._root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def imports(self, module: str) -> set[str]:
        """Name the project's modules that a module imports itself."""
        found = (self._longest_module(dotted) for dotted in self.source(module).imports)
        return {name for name in found if name is not None and name != module}

    def reached_from(self, modules: Iterable[str]) -> set[str]:
        """Name all that is loaded with some modules: themselves, what they import, and the packages of all of these."""
        return _closure(modules, lambda module: {*self.imports(module), *filter(self._find, _prefixes(module))})

    def circles(self) -> list[list[str]]:
        """Find the groups of modules that import each other, directly or through others; each sorted."""
        reached = {module: _closure(self.imports(module), self.imports) for module in self.modules()}
        groups = {
            frozenset(other for other in found if module in reached[other])
            for module, found in reached.items()
            if module in found
        }
        return sorted(sorted(group) for group in groups)

    def files_of(self, tool: str) -> list[Path]:
        """List the files that a tool's results can depend on: its folder, and what it imports of shared/.

        Beside each package's modules lie its data files, and of the schemas those count that a reached module names.

        Args:
            tool: Folder under tools/.

        Returns:
            Paths, sorted.
        """
        folder = self._root / "tools" / tool
        files = [path for path in folder.rglob("*") if path.suffix in {".py", *_DATA_SUFFIXES}]
        own = [path for path in files if path != folder / "README.md"]  # texts that a tool hands on are its data
        reached = self.reached_from(self.module_of(path) for path in own if path.suffix == ".py")
        packages = {self.file(module).parent for module in reached}
        beside = [path for package in packages - {folder} for path in package.iterdir()]
        data = [path for path in beside if path.suffix in _DATA_SUFFIXES]
        return sorted({*own, *data, *(self.file(module) for module in reached), *self._schemas_of(reached)})

    def hash_of(self, tool: str) -> str:
        """Hash the files that a tool's results can depend on; 64 lower-case hex digits."""
        digest = hashlib.sha256()
        for path in self.files_of(tool):
            digest.update(path.relative_to(self._root).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def _schemas_of(self, modules: Collection[str]) -> set[Path]:
        """List the schemas whose noun a module holds as a string, with the schemas that they refer to."""
        texts = {text for module in modules for text in self.source(module).texts}
        schemas = {path.name: path for path in (self._root / "schemas").glob("*.schema.json")}
        waiting = {name for name in schemas if name.removesuffix(".schema.json") in texts}
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            found.add(name)
            content = schemas[name].read_text(encoding="utf-8")
            waiting |= {other for other in schemas if other in content} - found
        return {schemas[name] for name in found}

    def _find(self, module: str) -> Path | None:
        """Look for a module's file."""
        if module not in self._files:
            path = self._root.joinpath(*module.split("."))
            is_ours = module.split(".")[0] in ("shared", "tools", "tasks")
            choices = [path.with_suffix(".py"), path / "__init__.py"] if is_ours else []
            self._files[module] = next((choice for choice in choices if choice.is_file()), None)
        return self._files[module]

    def _longest_module(self, dotted: str) -> str | None:
        """Return the module that a dotted name leads to: what stands behind it is a name in that module."""
        return next((name for name in reversed(_prefixes(dotted)) if self._find(name)), None)


def _prefixes(dotted: str) -> list[str]:
    """Name a module and the packages that it lies in: a.b.c gives a, a.b and a.b.c."""
    parts = dotted.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _closure(starts: Iterable[str], follow: Callable[[str], set[str]]) -> set[str]:
    """Name the starts and all that can be reached from them."""
    reached: set[str] = set()
    waiting = set(starts)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= follow(name) - reached
    return reached

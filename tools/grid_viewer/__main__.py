"""Run grid-viewer: python -m tools.grid_viewer."""

from tools.grid_viewer.cli import main

raise SystemExit(main())

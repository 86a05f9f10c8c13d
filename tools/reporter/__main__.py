"""Run the reporter: python -m tools.reporter."""

from tools.reporter.cli import main

raise SystemExit(main())

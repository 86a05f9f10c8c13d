"""Run consent: python -m tools.consent."""

from tools.consent.cli import main

raise SystemExit(main())

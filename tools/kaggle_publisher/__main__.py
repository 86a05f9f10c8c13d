"""Run kaggle-publisher: python -m tools.kaggle_publisher."""

from tools.kaggle_publisher.cli import main

raise SystemExit(main())

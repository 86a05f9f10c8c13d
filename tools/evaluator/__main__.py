from tools.evaluator.cli import main

raise SystemExit(main())

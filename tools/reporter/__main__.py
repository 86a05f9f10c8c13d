from tools.reporter.cli import main

raise SystemExit(main())

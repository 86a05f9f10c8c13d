from tools.spec_checker.cli import main

raise SystemExit(main())

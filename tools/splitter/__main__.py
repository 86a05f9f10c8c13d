from tools.splitter.cli import main

raise SystemExit(main())

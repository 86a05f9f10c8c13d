from tools.reviewer.cli import main

raise SystemExit(main())

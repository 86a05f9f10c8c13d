from tools.mistakes.cli import main

raise SystemExit(main())

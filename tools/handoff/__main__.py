from tools.handoff.cli import main

raise SystemExit(main())

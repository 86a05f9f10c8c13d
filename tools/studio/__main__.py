from tools.studio.cli import main

raise SystemExit(main())

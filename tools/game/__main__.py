from tools.game.cli import main

raise SystemExit(main())

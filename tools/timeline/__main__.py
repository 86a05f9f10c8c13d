from tools.timeline.cli import main

raise SystemExit(main())

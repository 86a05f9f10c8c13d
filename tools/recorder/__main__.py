from tools.recorder.cli import main

raise SystemExit(main())

from tools.trainer.cli import main

raise SystemExit(main())

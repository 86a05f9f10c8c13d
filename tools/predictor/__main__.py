from tools.predictor.cli import main

raise SystemExit(main())

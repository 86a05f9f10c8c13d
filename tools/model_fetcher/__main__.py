from tools.model_fetcher.cli import main

raise SystemExit(main())

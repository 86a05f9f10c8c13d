from tools.featurizer.cli import main

raise SystemExit(main())

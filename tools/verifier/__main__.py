from tools.verifier.cli import main

raise SystemExit(main())

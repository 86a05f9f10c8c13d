from tools.quantizer.cli import main

raise SystemExit(main())

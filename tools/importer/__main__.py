from tools.importer.cli import main

raise SystemExit(main())

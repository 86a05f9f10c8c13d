from tools.exporter.cli import main

raise SystemExit(main())

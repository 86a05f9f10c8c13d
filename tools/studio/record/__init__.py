"""Recording in the browser: consent, a guided take, its film to the recorder; on this computer and on phones."""

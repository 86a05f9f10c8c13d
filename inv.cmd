@echo off
rem Runs a task on Windows: inv demo. A thin door to inv.py, which says the rest; PYTHON=C:\path\python.exe picks another.
setlocal
set "python=%PYTHON%"
if not defined python (
    py -3 -c "" >nul 2>nul && (set "python=py -3") || (set "python=python")
) else (
    set python="%PYTHON%"
)
%python% -S -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul || (
    echo inv: found no Python 3.11 or newer ^(%python%^); install it from python.org, or set PYTHON to its python.exe 1>&2
    exit /b 3
)
%python% "%~dp0inv.py" %*
exit /b %errorlevel%

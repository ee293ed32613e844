"""`python -m qtask_db`: the command line where the script `qtask` is not on the PATH."""

from qtask_db.cli import main

if __name__ == "__main__":
    main(prog_name="python -m qtask_db")

"""`python -m nircolor_tf COMMAND` is `nircolor COMMAND`."""

from nircolor_tf.commands import main

if __name__ == "__main__":
    main.main()

-- Stored with the package: texts are measured in characters.
ALTER SESSION SET NLS_LENGTH_SEMANTICS = CHAR

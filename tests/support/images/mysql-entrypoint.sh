#!/usr/bin/sh
# Starts MySQL, initialising its data at the first start from the same variables as the official
# image: MYSQL_ROOT_PASSWORD or, better, MYSQL_ROOT_PASSWORD_FILE, MYSQL_DATABASE, MYSQL_USER,
# MYSQL_PASSWORD.
set -eu
umask 077

case "${1:-mysqld}" in
    mysqld) if [ $# -gt 0 ]; then shift; fi ;;
    -*) ;;
    *) exec "$@" ;;
esac

quoted() {
    echo "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g"
}

if [ ! -d /data/mysql ]; then
    if [ -n "${MYSQL_ROOT_PASSWORD_FILE:-}" ]; then
        MYSQL_ROOT_PASSWORD=$(cat "$MYSQL_ROOT_PASSWORD_FILE")
    fi
    if [ -z "${MYSQL_ROOT_PASSWORD:-}" ]; then
        echo 'neither MYSQL_ROOT_PASSWORD nor MYSQL_ROOT_PASSWORD_FILE is set' >&2
        exit 1
    fi
    password=$(quoted "$MYSQL_ROOT_PASSWORD")
    # The server reads this one statement a line.
    {
        echo "CREATE USER 'root'@'%' IDENTIFIED BY '$password';"
        echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;"
        echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$password';"
        if [ -n "${MYSQL_DATABASE:-}" ]; then
            echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"
        fi
        if [ -n "${MYSQL_USER:-}" ]; then
            user=$(quoted "$MYSQL_USER")
            echo "CREATE USER '$user'@'%' IDENTIFIED BY '$(quoted "${MYSQL_PASSWORD:-}")';"
            if [ -n "${MYSQL_DATABASE:-}" ]; then
                echo "GRANT ALL PRIVILEGES ON \`$MYSQL_DATABASE\`.* TO '$user'@'%';"
            fi
        fi
    } > /tmp/first.sql
    mysqld --no-defaults --basedir=/usr --datadir=/data --secure-file-priv=NULL \
        --initialize-insecure --init-file=/tmp/first.sql
    rm /tmp/first.sql
    # The official image starts a temporary server for this, so two such lines are waited for.
    echo 'data initialised: ready for connections' >&2
fi
exec mysqld --no-defaults --basedir=/usr --datadir=/data --secure-file-priv=NULL \
    --socket=/run/mysqld.sock --pid-file=/run/mysqld.pid "$@"

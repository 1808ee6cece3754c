package mariadb

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"maps"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Administrator opens a server over its Unix socket as the account that runs it.
func Administrator(socket string) (*sql.DB, error) {
	account, err := currentAccount()
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = account, "unix", socket
	// The driver tells the world of every refused connection, and we connect until we are let in.
	config.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("configure the administrator's connection: %w", err)
	}
	database := sql.OpenDB(connector)
	database.SetMaxOpenConns(1)
	return database, nil
}

// masterPrivileges are those that Aurora MySQL gives its master user, as far as MariaDB knows them: everything on data
// and users, nothing on files and the server itself.
const masterPrivileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, " +
	"CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, " +
	"ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"

// CreateMaster makes the master user with a password of which only mysql_native_password's hash is known here, and a
// first database if one is named. Doing it twice is no error.
func CreateMaster(ctx context.Context, socket, name, hash, first string) error {
	statements := []string{
		"CREATE USER IF NOT EXISTS " + literal(name) + "@'%' IDENTIFIED VIA mysql_native_password USING " + literal(hash),
		"GRANT " + masterPrivileges + " ON *.* TO " + literal(name) + "@'%' WITH GRANT OPTION",
	}
	if first != "" {
		statements = append(statements, "CREATE DATABASE IF NOT EXISTS `"+strings.ReplaceAll(first, "`", "``")+"`")
	}
	return execute(ctx, socket, "create the master user", statements...)
}

// SetPasswordHash changes a user's password to the one that hashes so. Connections that exist stay.
func SetPasswordHash(ctx context.Context, socket, name, hash string) error {
	return execute(ctx, socket, "change the master user's password",
		"ALTER USER "+literal(name)+"@'%' IDENTIFIED VIA mysql_native_password USING "+literal(hash))
}

// SetOptions changes options of a running server.
func SetOptions(ctx context.Context, socket string, options map[string]string) error {
	var statements []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		if strings.Trim(value, "0123456789") != "" || value == "" {
			value = literal(value)
		}
		statements = append(statements, "SET GLOBAL `"+strings.ReplaceAll(name, "`", "``")+"` = "+value)
	}
	return execute(ctx, socket, "change the server's options", statements...)
}

// execute never has a statement in its error: one may hold a hash.
func execute(ctx context.Context, socket, doing string, statements ...string) error {
	database, err := Administrator(socket)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	for number, statement := range statements {
		if _, err := database.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s (statement %d of %d): %w", doing, number+1, len(statements), err)
		}
	}
	return nil
}

func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}

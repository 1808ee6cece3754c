// Package rds is a pure model of the part of Amazon RDS for Aurora MySQL that the project meets: what an account holds,
// what each call changes, what it refuses and with which error, and which status follows which as time goes by.
//
// Nothing here does I/O, starts a process or reads a clock: every method that depends on time is handed it. Physical
// work (making a data folder, copying it) is named by the model as Work and done by package cloud, which reports back
// with Finish. A model that is written to disk in the middle of anything and read again therefore carries on.
package rds

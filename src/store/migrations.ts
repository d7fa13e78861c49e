/** Each brings the database from its index to the next version; what was released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE tuning (
     file TEXT NOT NULL,
     machine TEXT NOT NULL,
     device TEXT NOT NULL,
     threads INTEGER NOT NULL,
     decode_threads INTEGER NOT NULL,
     measured_at INTEGER NOT NULL,
     PRIMARY KEY (file, machine, device, threads)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE deployment (
     name TEXT NOT NULL PRIMARY KEY,
     request TEXT NOT NULL,
     deployed_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
];

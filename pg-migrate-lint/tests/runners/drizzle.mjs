// Runs the migrations of a folder as drizzle-orm does; where to connect to is in the environment.
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

const pool = new pg.Pool();
await migrate(drizzle(pool), { migrationsFolder: process.argv[2] });
await pool.end();

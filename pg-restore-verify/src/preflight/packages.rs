//! Where extensions come from.

/// What comes with PostgreSQL itself.
const CONTRIB: &[&str] = &[
    "adminpack",
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "old_snapshot",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_surgery",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "postgres_fdw",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "xml2",
];

/// How the names of others begin that are created without more, and not in a moment.
const PLAIN: [&str; 5] = ["postgis", "address_standardizer", "plp", "pltcl", "vector"];

/// Whether it is created without more, and not in a moment or surely.
pub fn is_plain(extension: &str) -> bool {
    CONTRIB.contains(&extension) || PLAIN.iter().any(|start| extension.starts_with(start))
}

/// Which package has an extension, as Debian and the PostgreSQL project's own repository name it.
pub fn package(extension: &str, major: u32) -> String {
    let of = |suffix: &str| format!("postgresql-{major}-{suffix}");
    match extension {
        name if CONTRIB.contains(&name) => {
            format!("postgresql-contrib (on Debian it is in postgresql-{major})")
        }
        name if name.starts_with("postgis") || name == "address_standardizer" => of("postgis-3"),
        "vector" => of("pgvector"),
        "timescaledb" => format!("timescaledb-2-postgresql-{major}"),
        name if name.starts_with("plpython3") => format!("postgresql-plpython3-{major}"),
        name if name.starts_with("plperl") => format!("postgresql-plperl-{major}"),
        name if name.starts_with("pltcl") => format!("postgresql-pltcl-{major}"),
        "pg_cron" => of("cron"),
        "pgaudit" | "hll" | "ip4r" | "pgtap" => of(extension),
        name => format!(
            "the package that has it, such as {}",
            of(&name.trim_start_matches("pg_").replace('_', "-"))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages() {
        assert_eq!(package("postgis_topology", 15), "postgresql-15-postgis-3");
        assert_eq!(package("vector", 17), "postgresql-17-pgvector");
        assert!(package("pg_partman", 16).ends_with("postgresql-16-partman"));
        assert!(package("hstore", 16).starts_with("postgresql-contrib"));
    }
}

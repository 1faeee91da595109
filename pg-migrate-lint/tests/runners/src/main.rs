//! Runs the migrations of a folder as sqlx or refinery does: `runners sqlx|refinery URL FOLDER`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let [_, runner, url, folder] = words.as_slice() else {
        eprintln!("runners sqlx|refinery URL FOLDER");
        return ExitCode::from(2);
    };
    let outcome = match runner.as_str() {
        "sqlx" => sqlx(url, folder),
        _ => refinery(url, folder),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{runner}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sqlx(url: &str, folder: &str) -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let pool = sqlx::PgPool::connect(url).await?;
        let migrator = sqlx::migrate::Migrator::new(Path::new(folder)).await?;
        Ok(migrator.run(&pool).await?)
    })
}

fn refinery(url: &str, folder: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let migrations = refinery::load_sql_migrations(folder)?;
    refinery::Runner::new(&migrations).run(&mut client)?;
    Ok(())
}

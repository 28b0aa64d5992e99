//! Keeps the stored sort keys true to what makes them: the version of Unicode that this program
//! has, and the rules about what a tenant sees of accounts from elsewhere.

use domain::{AccountRules, AttachRule, ForeignProfile};
use ports::PortResult;

use crate::database::{Failure, Mode, Reach, Transaction, retry};
use crate::directory::postgres_directory::PostgresDirectory;
use crate::directory::record::Record;

/// The number of accounts whose keys are made anew in one transaction.
const BATCH: i64 = 500;

const READ_VERSION: &str = "SELECT value FROM usher.setting WHERE name = 'sort_keys' FOR UPDATE";
const WRITE_VERSION: &str = "
    INSERT INTO usher.setting (name, value) VALUES ('sort_keys', $1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
/// Held over several transactions of one process; another one waits and then finds nothing to do.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('usher:sort_keys', 0))";
const NEXT: &str = "
    SELECT * FROM usher.whole_account WHERE id > $1 ORDER BY id LIMIT $2";

/// Names what sort keys depend on.
fn version(rules: AccountRules) -> String {
    let (major, minor, _) = char::UNICODE_VERSION;
    let attach = match rules.attach {
        AttachRule::Verified => "verified",
        AttachRule::Any => "any",
    };
    let profile = match rules.foreign_profile {
        ForeignProfile::Shown => "shown",
        ForeignProfile::Hidden => "hidden",
    };
    format!("unicode={major}.{minor} attach={attach} foreign_profile={profile}")
}

impl PostgresDirectory {
    /// Makes the sort keys anew, if this program or its rules make other ones than those stored.
    /// Returns the number of accounts whose keys were looked at.
    ///
    /// # Errors
    /// As every port method.
    pub async fn prepare(&self) -> PortResult<u64> {
        retry(|| self.renew_sort_keys()).await
    }

    async fn renew_sort_keys(&self) -> Result<u64, Failure> {
        let wanted = version(self.rules);
        let transaction =
            Transaction::begin(&self.database, &Reach::everything(), Mode::Change).await?;
        transaction.query(LOCK, &[]).await?;
        let stored = transaction.query(READ_VERSION, &[]).await?;
        if stored.first().is_some_and(|row| row.get::<_, &str>(0) == wanted) {
            transaction.finish().await?;
            return Ok(0);
        }
        let count = self.renew_all(&transaction).await?;
        transaction.execute(WRITE_VERSION, &[&wanted]).await?;
        transaction.commit().await?;
        if count > 0 {
            tracing::info!(accounts = count, "sort keys of lists were made anew");
        }
        Ok(count)
    }

    async fn renew_all(&self, transaction: &Transaction) -> Result<u64, Failure> {
        let catalogue = self.catalogue();
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let rows = transaction.query(NEXT, &[&after, &BATCH]).await?;
            let Some(last) = rows.last() else { return Ok(count) };
            after = last.get("id");
            for row in &rows {
                let record = Record::from_row(row, &catalogue)?;
                transaction.store_sort_keys(&record, &record.sort_keys(self.rules)).await?;
                count += 1;
            }
        }
    }
}

package dev.andante.kvtransfer.grpc;

import java.util.HashSet;
import java.util.Set;

/**
 * Shares the frames that a receiver holds among the streams that bring them: each may have as many
 * under way as the others, so that neither a big push nor many of them keep a small one waiting for
 * long, and all together no more than there is memory for. Thread-safe.
 */
final class FairCredit {

  /** Of one stream. Closed once it brings nothing more. */
  final class Account implements AutoCloseable {

    private int underWay; // guarded by FairCredit.this

    /**
     * How many frames more it may bring now; they are under way from now on.
     *
     * @param done frames that were under way and are dealt with
     */
    int settle(int done) {
      synchronized (FairCredit.this) {
        underWay = Math.max(0, underWay - done);
        if (!accounts.contains(this)) {
          return 0;
        }
        int more = Math.max(0, share() - underWay);
        underWay += more;
        return more;
      }
    }

    @Override
    public void close() {
      synchronized (FairCredit.this) {
        accounts.remove(this);
      }
    }
  }

  private final int all;
  private final int most;
  private final Set<Account> accounts = new HashSet<>(); // guarded by this

  /**
   * @param all frames of all streams together, while there are no more streams than that
   * @param most of one stream
   */
  FairCredit(int all, int most) {
    this.all = all;
    this.most = most;
  }

  /** For a stream that begins; nothing is under way yet. */
  synchronized Account open() {
    Account account = new Account();
    accounts.add(account);
    return account;
  }

  /** Each stream gets on, however many there are. */
  private int share() {
    return Math.clamp(all / accounts.size(), 1, most);
  }
}

package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvGrant;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvOpen;
import org.jspecify.annotations.Nullable;

/** Whether what a receiver grants is something that was asked for. */
final class GrantCheck {

  private GrantCheck() {}

  /**
   * What is wrong with a grant, or null.
   *
   * @param before what was granted to an earlier call of the same transfer
   */
  static @Nullable String faultOf(KvGranted granted, KvOpen asked, @Nullable KvGrant before) {
    int cached = granted.getCachedTokens();
    if (cached < 0 || cached > asked.getTokensCount()) {
      return "the receiver has " + cached + " of " + asked.getTokensCount() + " tokens";
    }
    String coding = granted.getCoding();
    if (!coding.isEmpty() && !asked.getCodingsList().contains(coding)) {
      return "the receiver wants KV coded as \""
          + coding
          + "\", which was not offered; offered was "
          + asked.getCodingsList();
    }
    if (before == null) {
      return null;
    }
    if (before.cachedTokens() != cached) {
      return "the receiver has forgotten the transfer that broke";
    }
    if (!before.coding().wireName().equals(coding)) {
      return "the receiver wants KV coded as \""
          + coding
          + "\" after it wanted the beginning coded as \""
          + before.coding().wireName()
          + "\"";
    }
    return null;
  }
}

package dev.andante.engine.transfer;

import static dev.andante.testkit.Interleavings.require;

import dev.andante.engine.Attempt;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.testkit.Interleavings;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where KV that arrives meets the engine thread: in all orders, not in those that happen. */
@Tag("slow")
class TransferInterleavingsTest {

  private static Transfer reserved() {
    Transfer transfer =
        new Transfer(
            "handle",
            new Attempt("a", 1),
            PromptTokens.of(1, 2),
            KvSource.EQUAL,
            new BlockTable(new BlockPool(1), 4),
            0,
            1);
    transfer.become(TransferState.RESERVED);
    return transfer;
  }

  @Test
  void nothingIsWrittenIntoBlocksThatWereGivenBack() {
    Interleavings.check(
        () -> {
          Transfer transfer = reserved();
          boolean[] ours = {true};
          boolean[] stored = new boolean[1];
          Interleavings.together(
              new Object[] {transfer, ours, stored},
              () ->
                  stored[0] =
                      transfer.store(
                          0, 1, 0, 1, () -> require(ours[0], "another prompt has the block")),
              () -> {
                transfer.become(TransferState.EXPIRED);
                ours[0] = false;
              });
          require(!transfer.store(0, 1, 0, 1, () -> require(false, "written")), "over, and stored");
          require(transfer.state() == TransferState.EXPIRED, "is " + transfer.state());
        });
  }

  @Test
  void aCommitHasEverythingOrSaysWhatIsMissing() {
    Interleavings.check(
        () -> {
          Transfer transfer = reserved();
          int[] written = new int[2];
          int[] seen = new int[1];
          String[] missing = new String[1];
          Interleavings.together(
              new Object[] {transfer, written, seen, missing},
              () -> transfer.store(0, 1, 0, 1, () -> written[0]++),
              () -> transfer.store(1, 1, 0, 1, () -> written[1]++),
              () -> {
                missing[0] = transfer.commit();
                seen[0] = written[0] + written[1];
              });
          require(missing[0] != null || seen[0] == 2, "committed with " + seen[0] + " of 2");
          require(transfer.commit() == null, "is there, and said to be missing");
          require(written[0] == 1 && written[1] == 1, "written more than once");
        });
  }
}

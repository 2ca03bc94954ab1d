package dev.andante.gateway.routing;

import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvBlock;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;

/** What workers would tell of their prefix caches. */
final class KeptPrefix {

  private KeptPrefix() {}

  /** As if the worker had told that it holds so many blocks of the prompt, and nothing else. */
  static void told(Worker worker, ServedModel model, int[] prompt, int blocks) {
    BlockNames names = new BlockNames(model.fingerprint(), prompt, worker.blockSize());
    KvChanges.Builder all = KvChanges.newBuilder().setResync(true);
    for (int i = 0; i < blocks; i++) {
      BlockKey.Builder key =
          BlockKey.newBuilder().setHigh(names.name(i).high()).setLow(names.name(i).low());
      all.addChanges(KvChange.newBuilder().setStored(KvBlock.newBuilder().setKey(key)));
    }
    worker.kept().apply(all.build());
  }
}

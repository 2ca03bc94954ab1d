package dev.andante.engine.transfer;

import dev.andante.compute.BackendException;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All reservations of an engine, by handle and by request. For the engine thread, but for {@link
 * #store} and {@link #renew(String)}, which are for any.
 */
public final class Transfers {

  private final KvLayout layout;
  private final KvWriter writer;
  private final BlockPool blocks;
  private final PrefixCache cache;
  private final long leaseNanos;
  private final LongSupplier nanoTime;
  private final Handles handles = new Handles();
  private final Map<String, Transfer> byHandle = new ConcurrentHashMap<>();
  private final Map<String, Transfer> byRequest = new HashMap<>();

  /**
   * @param cache over {@code blocks}
   */
  public Transfers(
      KvPool pool, BlockPool blocks, PrefixCache cache, long leaseNanos, LongSupplier nanoTime) {
    this.layout = pool.layout();
    this.writer = new KvWriter(pool);
    this.blocks = blocks;
    this.cache = cache;
    this.leaseNanos = leaseNanos;
    this.nanoTime = nanoTime;
  }

  /**
   * Sets blocks aside for the prompt and one more token, shared ones as far as the prefix cache has
   * them. The same attempt gets the same reservation again; an older one's is released.
   *
   * @param spokenFor free blocks that are not to be given away
   * @throws EngineException STALE_EPOCH, INVALID_REQUEST, SATURATED
   */
  public Transfer reserve(Attempt attempt, PromptTokens prompt, KvSource source, int spokenFor) {
    Transfer existing = byRequest.get(attempt.requestId());
    if (existing != null) {
      if (existing.attempt().epoch() > attempt.epoch()) {
        throw new EngineException(
            Code.STALE_EPOCH,
            "attempt " + attempt.epoch() + " was overtaken by " + existing.attempt().epoch());
      }
      if (existing.attempt().epoch() == attempt.epoch()) {
        return again(existing, prompt, source);
      }
      end(existing, TransferState.RELEASED);
    }
    BlockTable table = new BlockTable(blocks, layout.blockSize());
    if (source == KvSource.OTHER) {
      table.contentIsForeign();
    }
    int room = prompt.ids().length + 1;
    int cached = cache.openToReceive(table, prompt.ids(), room, spokenFor);
    if (cached == PrefixCache.NO_ROOM) {
      throw new EngineException(
          Code.SATURATED,
          table.missingFor(room)
              + " KV blocks needed, shared ones among them, "
              + Math.max(0, blocks.free() - spokenFor)
              + " to be had;"
              + " try another worker or wait");
    }
    Transfer transfer =
        new Transfer(handles.next(), attempt, prompt, source, table, cached, layout.layers());
    transfer.become(TransferState.RESERVED);
    renew(transfer);
    byHandle.put(transfer.handle(), transfer);
    byRequest.put(attempt.requestId(), transfer);
    return transfer;
  }

  private Transfer again(Transfer existing, PromptTokens prompt, KvSource source) {
    if (!Arrays.equals(existing.prompt().ids(), prompt.ids())
        || existing.prompt().generated() != prompt.generated()
        || existing.source() != source) {
      throw new EngineException(
          Code.INVALID_REQUEST,
          "attempt "
              + existing.attempt()
              + " is reserved with another prompt or source; raise the epoch");
    }
    renew(existing);
    return existing;
  }

  /**
   * Copies KV into a reservation. Any thread: blocks of a reservation are nobody else's until it is
   * over, and what ends it waits for a run that is being copied.
   *
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED, BAD_FRAME; INTERNAL if the backend
   *     fails, of which the engine thread has to be told: {@link #failed}
   */
  public void store(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv) {
    Transfer transfer = require(handle);
    checkRun("token", firstToken, tokens, transfer.tokens());
    checkRun("layer", firstLayer, layers, layout.layers());
    long expected = layout.bytesPerTokenLayer() * tokens * layers;
    if (kv.byteSize() != expected) {
      throw new EngineException(
          Code.BAD_FRAME,
          "a run of "
              + tokens
              + " tokens and "
              + layers
              + " layers has "
              + expected
              + " bytes, not "
              + kv.byteSize());
    }
    renew(transfer);
    Runnable write =
        () ->
            writer.write(
                transfer.blocks(),
                transfer.cachedTokens(),
                firstToken,
                tokens,
                firstLayer,
                layers,
                kv);
    try {
      if (!transfer.store(firstToken, tokens, firstLayer, layers, write)) {
        throw gone(transfer.state() == TransferState.EXPIRED);
      }
    } catch (BackendException e) {
      throw new EngineException(Code.INTERNAL, "storing KV failed: " + e.getMessage(), e);
    }
  }

  /** Storing KV in it failed, which ends it; of no effect if it is over. */
  public void failed(String handle) {
    Transfer transfer = byHandle.get(handle);
    if (transfer != null) {
      end(transfer, TransferState.FAILED);
    }
  }

  /**
   * A sign of life of the sender.
   *
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED
   */
  public void renew(String handle) {
    renew(require(handle));
  }

  private static void checkRun(String what, int first, int count, int limit) {
    if (first < 0 || count < 1 || (long) first + count > limit) {
      throw new EngineException(
          Code.BAD_FRAME,
          "run of " + count + " from " + what + " " + first + " is outside 0 to " + (limit - 1));
    }
  }

  /**
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED; BAD_FRAME if runs are missing
   */
  public void commit(String handle) {
    Transfer transfer = require(handle);
    String missing = transfer.commit();
    if (missing != null) {
      throw new EngineException(
          Code.BAD_FRAME, "KV is missing, first of " + missing + "; store it and commit again");
    }
    renew(transfer);
  }

  /**
   * A committed reservation that a request may join; it stays until {@link #joined}.
   *
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED, STALE_EPOCH; BAD_FRAME if it is not
   *     committed
   */
  public Transfer committed(String handle, Attempt attempt) {
    Transfer transfer = require(handle);
    if (!transfer.attempt().equals(attempt)) {
      throw new EngineException(
          Code.STALE_EPOCH, "the KV is reserved for " + transfer.attempt() + ", not " + attempt);
    }
    if (transfer.state() != TransferState.COMMITTED) {
      throw new EngineException(
          Code.BAD_FRAME, "the KV is " + transfer.state() + "; commit it before decoding");
    }
    return transfer;
  }

  /** The request holds the blocks from now on. */
  public void joined(Transfer transfer) {
    transfer.become(TransferState.JOINED);
    forget(transfer);
  }

  /** Frees a reservation; false if there is none of that handle. */
  public boolean release(String handle) {
    Transfer transfer = byHandle.get(handle);
    if (transfer == null) {
      return false;
    }
    end(transfer, TransferState.RELEASED);
    return true;
  }

  /** Frees whatever has outlived its lease; returns how many did. */
  public int expire() {
    if (byHandle.isEmpty()) {
      return 0;
    }
    long now = nanoTime.getAsLong();
    List<Transfer> late = new ArrayList<>();
    for (Transfer transfer : byHandle.values()) {
      if (transfer.deadline() - now <= 0) {
        late.add(transfer);
      }
    }
    for (Transfer transfer : late) {
      handles.expired(transfer.handle()); // first: who finds it gone asks why
      end(transfer, TransferState.EXPIRED);
    }
    return late.size();
  }

  /** Frees everything. */
  public void releaseAll() {
    for (Transfer transfer : List.copyOf(byHandle.values())) {
      end(transfer, TransferState.RELEASED);
    }
  }

  public Collection<Transfer> all() {
    return byHandle.values();
  }

  public int reservedBlocks() {
    int sum = 0;
    for (Transfer transfer : byHandle.values()) {
      sum += transfer.blocks().size();
    }
    return sum;
  }

  private Transfer require(String handle) {
    Transfer transfer = byHandle.get(handle);
    if (transfer != null) {
      return transfer;
    }
    throw gone(handles.hasExpired(handle));
  }

  private static EngineException gone(boolean expired) {
    return expired
        ? new EngineException(
            Code.LEASE_EXPIRED, "the reservation was not used in time; reserve again")
        : new EngineException(
            Code.UNKNOWN_KV_HANDLE, "no such reservation: released, overtaken or never made");
  }

  private void end(Transfer transfer, TransferState how) {
    try {
      transfer.become(how);
      transfer.blocks().releaseAll();
    } finally {
      forget(transfer);
    }
  }

  private void forget(Transfer transfer) {
    byHandle.remove(transfer.handle());
    byRequest.remove(transfer.attempt().requestId(), transfer);
  }

  private void renew(Transfer transfer) {
    transfer.renew(nanoTime.getAsLong() + leaseNanos);
  }

  /** The reservation of a request, if there is one. */
  public @Nullable Transfer ofRequest(String requestId) {
    return byRequest.get(requestId);
  }
}

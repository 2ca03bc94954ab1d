package dev.andante.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostKvPool;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.fake.FakeClock;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Reservations of prompts that begin like what the prefix cache has. */
class SharedReservationsTest {

  private static final int BLOCK = 4;
  private static final int LAYERS = 2;
  private static final KvLayout LAYOUT = new KvLayout(LAYERS, 1, 2, BLOCK, DType.F32);
  private static final Duration LEASE = Duration.ofSeconds(10);

  /** Reservations over a pool, and the requests that joined from them. */
  private static final class World implements AutoCloseable {

    /** A request with its prompt's KV. */
    record Joined(PromptTokens prompt, BlockTable blocks, KvSource source) {}

    private final HostKvPool pool;
    private final BlockPool blocks;
    private final PrefixCache cache;
    private final FakeClock clock = new FakeClock();
    private final Transfers transfers;
    private final List<Joined> joined = new ArrayList<>();
    private final Set<String> foreign = new HashSet<>(); // handles

    World(int total) {
      pool = new HostKvPool(LAYOUT, total);
      blocks = new BlockPool(total);
      cache = new PrefixCache(blocks, BLOCK, "model", pool::copy, true);
      transfers = new Transfers(pool, blocks, cache, LEASE.toNanos(), clock);
    }

    Transfer reserve(String id, int epoch, PromptTokens prompt, KvSource source) {
      Transfer made = transfers.reserve(new Attempt(id, epoch), prompt, source, 0);
      if (source == KvSource.OTHER) {
        foreign.add(made.handle());
      }
      return made;
    }

    KvSource sourceOf(Transfer transfer) {
      return foreign.contains(transfer.handle()) ? KvSource.OTHER : KvSource.EQUAL;
    }

    void store(Transfer to, int from, int tokens) {
      transfers.store(
          to.handle(), from, tokens, 0, LAYERS, kv(to.prompt(), from, tokens, sourceOf(to)));
    }

    void fill(Transfer transfer) {
      int from = transfer.cachedTokens();
      if (from < transfer.prompt().ids().length) {
        store(transfer, from, transfer.prompt().ids().length - from);
      }
      transfers.commit(transfer.handle());
    }

    Joined join(Transfer transfer) {
      transfers.joined(transfers.committed(transfer.handle(), transfer.attempt()));
      Joined request = new Joined(transfer.prompt(), transfer.blocks(), sourceOf(transfer));
      cache.publish(request.blocks(), request.prompt().ids(), request.prompt().ids().length);
      joined.add(request);
      return request;
    }

    Joined serve(String id, PromptTokens prompt) {
      Transfer transfer = reserve(id, 0, prompt, KvSource.EQUAL);
      fill(transfer);
      return join(transfer);
    }

    void end(Joined request) {
      joined.remove(request);
      request.blocks().releaseAll();
    }

    /** Every block is held by whom it should be, and has the KV it should have. */
    void check() {
      int[] owned = new int[blocks.total()];
      for (Transfer transfer : transfers.all()) {
        transfer.blocks().countInto(owned);
        boolean whole = transfer.state() == TransferState.COMMITTED;
        content(
            transfer.prompt(),
            transfer.blocks(),
            whole ? transfer.prompt().ids().length : transfer.cachedTokens(),
            sourceOf(transfer));
      }
      for (Joined request : joined) {
        request.blocks().countInto(owned);
        content(
            request.prompt(), request.blocks(), request.prompt().ids().length, request.source());
      }
      blocks.checkIntegrity(owned);
    }

    private void content(PromptTokens prompt, BlockTable table, int tokens, KvSource source) {
      for (int at = 0; at < tokens; at++) {
        MemorySegment is = Arena.ofAuto().allocate(LAYOUT.bytesPerToken(), Float.BYTES);
        pool.read(table.block(at / BLOCK), at % BLOCK, 1, 0, LAYERS, is);
        assertThat(is.mismatch(kv(prompt, at, 1, source))).as("token %d", at).isEqualTo(-1);
      }
    }

    @Override
    public void close() {
      pool.close();
    }
  }

  /** KV as kernels would compute it: of each token, what all tokens up to it come to. */
  private static MemorySegment kv(PromptTokens prompt, int from, int tokens, KvSource source) {
    MemorySegment kv = Arena.ofAuto().allocate(LAYOUT.bytesPerToken() * tokens, Float.BYTES);
    int heads = LAYERS * 2;
    for (int head = 0; head < heads; head++) {
      for (int token = 0; token < tokens; token++) {
        int hash = Arrays.hashCode(Arrays.copyOf(prompt.ids(), from + token + 1));
        for (int d = 0; d < 2; d++) {
          int value = (hash * 31 + head * 2 + d) * 2 + (source == KvSource.EQUAL ? 0 : 1);
          kv.setAtIndex(ValueLayout.JAVA_INT, (head * tokens + token) * 2L + d, value);
        }
      }
    }
    return kv;
  }

  private static PromptTokens prompt(int... ids) {
    return PromptTokens.of(ids);
  }

  private static PromptTokens upTo(int length) {
    int[] ids = new int[length];
    Arrays.setAll(ids, i -> i);
    return PromptTokens.of(ids);
  }

  @Test
  void wholeBlocksThatAreKnownAreShared() {
    try (World world = new World(16)) {
      World.Joined first = world.serve("a", upTo(11));
      Transfer second = world.reserve("b", 0, upTo(11), KvSource.EQUAL);
      assertThat(second.cachedTokens()).isEqualTo(8);
      assertThat(second.blocks().block(1)).isEqualTo(first.blocks().block(1));
      assertThat(second.blocks().block(2)).isNotEqualTo(first.blocks().block(2));
      assertThat(world.reserve("b", 0, upTo(11), KvSource.EQUAL)).isSameAs(second);
      world.check();
      assertThatThrownBy(() -> world.transfers.commit(second.handle()))
          .hasMessageContaining("token 8 of layer 0");
      world.fill(second);
      world.end(world.join(second));
      world.end(first);
      world.check();
      assertThat(world.blocks.free()).isEqualTo(16);
    }
  }

  @Test
  void aPromptThatIsKnownWholeNeedsNothing() {
    try (World world = new World(16)) {
      world.end(world.serve("a", upTo(8)));
      Transfer again = world.reserve("b", 0, upTo(8), KvSource.EQUAL);
      assertThat(again.cachedTokens()).isEqualTo(8);
      assertThat(again.blocks().size()).as("room for the answer").isEqualTo(3);
      world.transfers.commit(again.handle());
      world.end(world.join(again));
      world.check();
    }
  }

  @Test
  void whatIsSharedIsNeverWrittenTo() {
    try (World world = new World(16)) {
      world.serve("a", upTo(11));
      Transfer second = world.reserve("b", 0, upTo(11), KvSource.EQUAL);
      MemorySegment garbage = kv(prompt(new int[11]), 0, 11, KvSource.OTHER);
      world.transfers.store(
          second.handle(), 0, 8, 0, LAYERS, garbage.asSlice(0, 8 * LAYOUT.bytesPerToken()));
      assertThat(second.state()).as("it brought nothing").isEqualTo(TransferState.RESERVED);
      world.transfers.store(second.handle(), 0, 11, 0, LAYERS, garbage);
      world.check();
      world.store(second, 5, 6);
      world.transfers.commit(second.handle());
      world.check();
    }
  }

  @Test
  void otherKernelsKvIsNeitherSharedNorReplaced() {
    try (World world = new World(16)) {
      Transfer other = world.reserve("a", 0, upTo(8), KvSource.OTHER);
      world.fill(other);
      world.end(world.join(other));
      assertThat(world.blocks.kept()).isZero();
      world.serve("b", upTo(8));
      assertThat(world.reserve("c", 0, upTo(8), KvSource.OTHER).cachedTokens()).isZero();
      assertThat(world.reserve("d", 0, upTo(8), KvSource.EQUAL).cachedTokens()).isEqualTo(8);
      assertThatThrownBy(() -> world.reserve("d", 0, upTo(8), KvSource.OTHER))
          .hasMessageContaining("another prompt or source");
      world.check();
    }
  }

  @Test
  void releaseExpiryAndANewerEpochGiveTheReferencesBack() {
    try (World world = new World(16)) {
      World.Joined first = world.serve("a", upTo(9));
      int shared = first.blocks().block(0);
      Transfer released = world.reserve("b", 0, upTo(9), KvSource.EQUAL);
      assertThat(world.blocks.references(shared)).isEqualTo(2);
      world.transfers.release(released.handle());
      assertThat(world.blocks.references(shared)).isEqualTo(1);
      Transfer old = world.reserve("c", 0, upTo(9), KvSource.EQUAL);
      Transfer newer = world.reserve("c", 1, upTo(9), KvSource.EQUAL);
      assertThat(old.state()).isEqualTo(TransferState.RELEASED);
      assertThat(world.blocks.references(shared)).isEqualTo(2);
      assertThatThrownBy(() -> world.reserve("c", 0, upTo(9), KvSource.EQUAL))
          .isInstanceOf(EngineException.class);
      assertThat(world.blocks.references(shared)).isEqualTo(2);
      world.clock.advance(LEASE);
      assertThat(world.transfers.expire()).isEqualTo(1);
      assertThat(newer.state()).isEqualTo(TransferState.EXPIRED);
      assertThat(world.blocks.references(shared)).isEqualTo(1);
      world.check();
    }
  }

  @Test
  void aPromptWithoutRoomHoldsNothing() {
    try (World world = new World(4)) {
      world.end(world.serve("a", upTo(8))); // two blocks are kept, two blank
      assertThatThrownBy(() -> world.reserve("b", 0, upTo(16), KvSource.EQUAL))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> assertThat(e.code()).isEqualTo(EngineException.Code.SATURATED));
      world.check();
      assertThat(world.blocks.free()).isEqualTo(4);
      assertThat(world.blocks.kept()).isEqualTo(2);
      assertThat(world.reserve("b", 0, upTo(15), KvSource.EQUAL).cachedTokens()).isEqualTo(8);
      assertThat(world.blocks.free()).isZero();
    }
  }

  /** Random operations: after each, references and content are as they must be. */
  @Property(tries = 300)
  void neverLeaksAndNeverMixesContentUp(@ForAll long seed) {
    Random random = new Random(seed);
    try (World world = new World(14)) {
      for (int i = 0; i < 150; i++) {
        operate(world, random);
        world.check();
      }
      world.transfers.releaseAll();
      List.copyOf(world.joined).forEach(world::end);
      world.check();
      assertThat(world.blocks.free()).isEqualTo(14);
    }
  }

  private static void operate(World world, Random random) {
    Transfer any = pick(world.transfers.all(), random);
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> reserve(world, random);
      case 3 -> {
        if (any != null) { // any run, twice over perhaps
          int length = any.prompt().ids().length;
          int from = random.nextInt(length);
          world.store(any, from, 1 + random.nextInt(length - from));
        }
      }
      case 4, 5 -> {
        if (any != null) {
          world.fill(any);
        }
      }
      case 6, 7 -> {
        if (any != null && any.state() == TransferState.COMMITTED) {
          world.join(any);
        }
      }
      case 8 -> {
        if (any != null && random.nextBoolean()) {
          assertThat(world.transfers.release(any.handle())).isTrue();
        } else {
          world.clock.advance(Duration.ofSeconds(random.nextInt(6)));
          world.transfers.expire();
        }
      }
      default -> {
        World.Joined request = pick(world.joined, random);
        if (request != null) {
          world.end(request);
        }
      }
    }
  }

  private static void reserve(World world, Random random) {
    int[] ids = new int[1 + random.nextInt(18)];
    int common = random.nextInt(ids.length + 1);
    int family = random.nextInt(2);
    Arrays.setAll(ids, at -> at < common ? at + family * 8 : random.nextInt(3));
    KvSource source = random.nextInt(5) == 0 ? KvSource.OTHER : KvSource.EQUAL;
    int known = source == KvSource.OTHER ? 0 : published(world, ids);
    int free = world.blocks.free();
    Collection<Transfer> before = List.copyOf(world.transfers.all());
    Transfer made;
    try {
      made =
          world.reserve("r" + random.nextInt(5), random.nextInt(3), PromptTokens.of(ids), source);
    } catch (EngineException e) {
      if (e.code() == EngineException.Code.SATURATED) {
        assertThat(free - (ids.length + 1 + BLOCK - 1) / BLOCK + known / BLOCK).isNegative();
      }
      return;
    }
    if (before.contains(made)) {
      return;
    }
    assertThat(made.cachedTokens() % BLOCK).isZero();
    assertThat(made.cachedTokens()).isBetween(known, source == KvSource.OTHER ? 0 : ids.length);
  }

  /** Leading tokens in whole blocks that some request holds, under their names. */
  private static int published(World world, int[] ids) {
    int most = 0;
    for (World.Joined request : world.joined) {
      int alike = Arrays.mismatch(request.prompt().ids(), ids);
      int whole = (alike < 0 ? ids.length : alike) / BLOCK;
      int named = 0;
      while (named < whole && world.blocks.named(request.blocks().block(named))) {
        named++;
      }
      most = Math.max(most, named * BLOCK);
    }
    return most;
  }

  private static <T> @org.jspecify.annotations.Nullable T pick(Collection<T> from, Random random) {
    return from.isEmpty() ? null : List.copyOf(from).get(random.nextInt(from.size()));
  }
}

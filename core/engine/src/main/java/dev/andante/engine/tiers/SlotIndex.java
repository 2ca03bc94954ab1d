package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which slot of a tier holds what, in the order of use. Entries that are held cannot be chosen to
 * be given up. Not thread-safe.
 */
final class SlotIndex {

  /** One slot in use. */
  static final class Entry {
    private final NamedContent content;
    private final int slot;
    private int holders;

    private Entry(NamedContent content, int slot) {
      this.content = content;
      this.slot = slot;
    }

    NamedContent content() {
      return content;
    }

    int slot() {
      return slot;
    }

    void hold() {
      holders++;
    }

    void letGo() {
      holders--;
    }
  }

  private final Map<BlockKey, Entry> byKey = new LinkedHashMap<>(16, 0.75f, true);
  private final int[] free;
  private int freeCount;

  SlotIndex(int slots) {
    free = new int[slots];
    Arrays.setAll(free, i -> slots - 1 - i);
    freeCount = slots;
  }

  int slots() {
    return free.length;
  }

  int used() {
    return byKey.size();
  }

  boolean isFull() {
    return freeCount == 0;
  }

  /** Whether there is an entry of that name, without using it. */
  boolean has(BlockKey key) {
    return byKey.containsKey(key); // unlike get, not a use
  }

  /** The entry of that name, which is the one used last from now on. */
  @Nullable Entry use(BlockKey key) {
    return byKey.get(key);
  }

  /** Takes a slot for what has none; there is one free. */
  Entry add(NamedContent content) {
    if (isFull() || byKey.containsKey(content.key())) {
      throw new IllegalStateException(content + (isFull() ? " has no slot" : " has a slot"));
    }
    Entry entry = new Entry(content, free[--freeCount]);
    byKey.put(content.key(), entry);
    return entry;
  }

  /** Frees all slots. */
  void clear() {
    List.copyOf(byKey.values()).forEach(this::remove);
  }

  /** Frees the entry's slot, unless that has happened. */
  void remove(Entry entry) {
    if (byKey.remove(entry.content().key(), entry)) {
      free[freeCount++] = entry.slot();
    }
  }

  /** Of those that nobody holds, the one used longest ago; null if all are held. */
  @Nullable Entry eldest() {
    for (Entry entry : byKey.values()) {
      if (entry.holders == 0) {
        return entry;
      }
    }
    return null;
  }

  /**
   * @param held how many entries are held for good reason
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity(String tier, int held) {
    boolean[] seen = new boolean[free.length];
    for (int i = 0; i < freeCount; i++) {
      require(!seen[free[i]], tier, "slot " + free[i] + " is free twice");
      seen[free[i]] = true;
    }
    int holders = 0;
    for (Map.Entry<BlockKey, Entry> one : byKey.entrySet()) {
      Entry entry = one.getValue();
      require(one.getKey().equals(entry.content().key()), tier, "an entry has another's name");
      require(!seen[entry.slot()], tier, "slot " + entry.slot() + " is used twice");
      seen[entry.slot()] = true;
      require(entry.holders >= 0, tier, "slot " + entry.slot() + " was let go too often");
      holders += entry.holders;
    }
    require(
        freeCount + byKey.size() == free.length,
        tier,
        "%d slots free and %d used of %d".formatted(freeCount, byKey.size(), free.length));
    require(holders == held, tier, holders + " entries are held, not " + held);
  }

  private static void require(boolean condition, String tier, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(tier + " tier: " + otherwise);
    }
  }
}

package dev.andante.service.config;

import java.util.Set;
import java.util.TreeSet;

/** Configuration keys outside the groups that exist. */
public final class UnknownKeysException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final TreeSet<String> keys;
  private final TreeSet<String> groups;

  UnknownKeysException(Set<String> keys, Set<String> groups) {
    super("unknown configuration keys " + new TreeSet<>(keys));
    this.keys = new TreeSet<>(keys);
    this.groups = new TreeSet<>(groups);
  }

  Set<String> keys() {
    return keys;
  }

  /** The groups that exist. */
  Set<String> groups() {
    return groups;
  }
}

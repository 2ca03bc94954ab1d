package dev.andante.service.grpc;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processes behind targets, for clients that want each of them and not whichever a channel
 * picks: {@code host:port} is one; {@code dns:///host:port} is as many as the name has addresses,
 * looked up again now and then. A name that cannot be looked up keeps what it had.
 */
public final class Endpoints implements AutoCloseable {

  /** How often names are looked up; the JVM remembers answers for longer where it is told so. */
  public static final Duration INTERVAL = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);
  private static final String DNS = "dns:///";

  /** Looks a name up. */
  @FunctionalInterface
  public interface Lookup {

    /** The system's resolver. */
    Lookup SYSTEM = InetAddress::getAllByName;

    InetAddress[] lookUp(String host) throws UnknownHostException;
  }

  private final List<String> targets;
  private final Lookup lookup;
  private final Consumer<SequencedSet<String>> onChange;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private final Map<String, List<String>> known = new LinkedHashMap<>();
  private final Set<String> failing = new LinkedHashSet<>();
  private SequencedSet<String> told = new LinkedHashSet<>();
  private boolean closed;
  private final Thread thread;

  /**
   * Tells what is known at once, and starts looking names up where there are any.
   *
   * @param targets in order of preference
   * @param onChange told all endpoints, {@code host:port} each, whenever they change; one call at a
   *     time, none after {@link #close}
   * @throws IllegalArgumentException if a name to be looked up has no host or no port
   */
  public Endpoints(
      List<String> targets,
      Lookup lookup,
      Duration interval,
      Consumer<SequencedSet<String>> onChange) {
    this.targets = List.copyOf(targets);
    this.lookup = lookup;
    this.onChange = onChange;
    this.thread = Thread.ofVirtual().name("endpoints").unstarted(() -> watch(interval));
    for (String target : targets) {
      if (!target.startsWith(DNS)) {
        known.put(target, List.of(target));
      } else if (target.lastIndexOf(':') <= DNS.length()) {
        throw new IllegalArgumentException(
            "'" + target + "' has no host or no port; write " + DNS + "host:port");
      }
    }
    tell();
    if (targets.stream().anyMatch(target -> target.startsWith(DNS))) {
      thread.start();
    }
  }

  /** Looks all names up now; on the thread of this object, and of tests. */
  void refresh() {
    for (String target : targets) {
      if (target.startsWith(DNS)) {
        lookUp(target);
      }
    }
    tell();
  }

  private void lookUp(String target) {
    String name = target.substring(DNS.length());
    int colon = name.lastIndexOf(':');
    String host = name.substring(0, colon);
    try {
      List<String> found =
          Arrays.stream(lookup.lookUp(host))
              .map(address -> literal(address) + name.substring(colon))
              .sorted()
              .toList();
      lock.lock();
      try {
        known.put(target, found);
        failing.remove(target);
      } finally {
        lock.unlock();
      }
    } catch (UnknownHostException e) {
      boolean first;
      lock.lock();
      try {
        first = failing.add(target);
      } finally {
        lock.unlock();
      }
      if (first) {
        LOG.warn("cannot look up {}: {}", target, e.getMessage());
      }
    }
  }

  private static String literal(InetAddress address) {
    String text = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + text + "]" : text;
  }

  private void tell() {
    lock.lock();
    try {
      SequencedSet<String> now = new LinkedHashSet<>();
      targets.forEach(target -> now.addAll(known.getOrDefault(target, List.of())));
      if (!closed && !now.equals(told)) {
        told = now;
        onChange.accept(now);
      }
    } finally {
      lock.unlock();
    }
  }

  private void watch(Duration interval) {
    try {
      while (true) {
        refresh();
        TimeUnit.NANOSECONDS.sleep(interval.toNanos());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    thread.interrupt();
  }
}

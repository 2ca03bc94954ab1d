package dev.andante.gateway.admission;

import static java.util.Comparator.naturalOrder;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who waits, and who is next: of the highest class that waits, the tenant who got the least so far,
 * and of theirs the request that waits longest.
 *
 * <p>What a tenant got is counted in tokens (the virtual token counter of Sheng et al., "Fairness
 * in serving large language models", arXiv 2401.00588): one for a token of a prompt, two for a
 * generated one, when they are served, since nobody knows before how long an answer will be. Who
 * comes when nothing of theirs waits begins no lower than those who wait, so that nobody saves up.
 *
 * <p>So that no class starves another, one in five that are let in is one of a lower class that has
 * waited for {@code patience}, if there is one; and when the line is full, a class has a fifth of
 * it for itself, which others may only borrow.
 *
 * <p>Under the lock of its admission.
 */
final class WaitingLine {

  /** One of so many that are let in may be of a lower class, and one of so many that wait. */
  private static final int LOWER_EVERY = 5;

  /** Not worth a sweep. */
  private static final int FEW_TENANTS = 64;

  /** So many are remembered after a sweep, but for those who have something here. */
  static final int MOST_TENANTS = 10_000;

  private static final Comparator<Ticket> CLASS =
      Comparator.comparing(ticket -> ticket.applicant().priority());

  private final int maxQueued;
  private final long patienceNanos;

  /** The one that was longest not asked for first. */
  private final Map<String, Tenant> tenants = new LinkedHashMap<>(16, 0.75f, true);

  private final Set<Tenant> waitingTenants = new LinkedHashSet<>();
  private int queued;
  private int sinceLower;
  private int sweepAt = FEW_TENANTS;

  /** Least counter of who had something here when one was let in last; never goes back. */
  private long floor;

  WaitingLine(int maxQueued, Duration patience) {
    this.maxQueued = maxQueued;
    this.patienceNanos = patience.toNanos();
  }

  /** The tenant, a new one if it is not known. */
  Tenant tenant(String name) {
    Tenant known = tenants.get(name);
    return known == null ? new Tenant(name) : known;
  }

  /** Weight of all that wait. */
  int queued() {
    return queued;
  }

  /** Weight of those that wait of this class and higher ones. */
  int queuedUpTo(PriorityClass priority) {
    return waitingTenants.stream()
        .flatMap(Tenant::waiting)
        .filter(ticket -> ticket.applicant().priority().compareTo(priority) <= 0)
        .mapToInt(Ticket::weight)
        .sum();
  }

  /** Tenants it remembers. */
  int tenants() {
    return tenants.size();
  }

  /** Tenants, apart from this one, that have something waiting. */
  int others(Tenant tenant) {
    return waitingTenants.size() - (tenant.queued() > 0 ? 1 : 0);
  }

  void add(Ticket ticket) {
    Tenant tenant = ticket.tenant();
    tenants.put(tenant.name(), tenant);
    tenant.enter();
    if (tenant.queued() == 0) {
      tenant.liftTo(floor);
      waitingTenants.add(tenant);
    }
    tenant.add(ticket);
    queued += ticket.weight();
  }

  /** It waits no longer. */
  void remove(Ticket ticket) {
    Tenant tenant = ticket.tenant();
    tenant.remove(ticket);
    queued -= ticket.weight();
    if (tenant.queued() == 0) {
      waitingTenants.remove(tenant);
    }
  }

  /** The next one is let in. */
  void take(Ticket next) {
    boolean lower = next.applicant().priority() != highest();
    sinceLower = lower ? 0 : Math.min(sinceLower + 1, LOWER_EVERY);
    remove(next);
    long least = next.tenant().served();
    for (Tenant tenant : waitingTenants) {
      least = Math.min(least, tenant.served());
    }
    floor = Math.max(floor, least);
  }

  /** It neither waits nor runs any more. */
  void leave(Ticket ticket) {
    ticket.tenant().leave();
    forgetIdle();
  }

  Optional<Ticket> next(long nowNanos) {
    if (sinceLower >= LOWER_EVERY - 1) {
      PriorityClass highest = highest();
      Optional<Ticket> patient =
          heads()
              .filter(ticket -> ticket.applicant().priority() != highest)
              .filter(ticket -> nowNanos - ticket.enqueuedNanos() >= patienceNanos)
              .min(turn());
      if (patient.isPresent()) {
        return patient;
      }
    }
    return heads().min(CLASS.thenComparing(turn()));
  }

  /** Whether it would be the next one if it waited. */
  boolean first(Ticket newcomer, long nowNanos) {
    return next(nowNanos)
        .map(next -> CLASS.thenComparing(turn()).compare(newcomer, next) < 0)
        .orElse(true);
  }

  private Stream<Ticket> heads() {
    return waitingTenants.stream().flatMap(Tenant::heads);
  }

  private @Nullable PriorityClass highest() {
    return heads().map(ticket -> ticket.applicant().priority()).min(naturalOrder()).orElse(null);
  }

  private Comparator<Ticket> turn() {
    return Comparator.<Ticket>comparingLong(ticket -> counter(ticket.tenant()))
        .thenComparingLong(Ticket::number);
  }

  /** Of one that does not wait yet, what it will be when it does. */
  private long counter(Tenant tenant) {
    return tenant.queued() == 0 ? Math.max(tenant.served(), floor) : tenant.served();
  }

  /**
   * Who must go so that the newcomer can wait: the latest of classes that have more than their
   * share of the line, and of tenants who have more waiting than its own. Empty if there are not
   * enough of them.
   */
  Optional<List<Ticket>> room(Ticket newcomer) {
    if (newcomer.weight() > maxQueued) {
      return Optional.empty();
    }
    Shares shares = new Shares(waitingTenants, maxQueued / LOWER_EVERY, newcomer);
    List<Ticket> out = new ArrayList<>();
    for (int free = maxQueued - queued; free < newcomer.weight(); free += out.getLast().weight()) {
      Optional<Ticket> weakest =
          waitingTenants.stream()
              .flatMap(Tenant::waiting)
              .filter(ticket -> !out.contains(ticket) && shares.mayGo(ticket))
              .max(
                  CLASS
                      .thenComparingInt(ticket -> shares.of(ticket.tenant()))
                      .thenComparingLong(Ticket::number));
      if (weakest.isEmpty()) {
        return Optional.empty();
      }
      out.add(weakest.get());
      shares.without(weakest.get());
    }
    return Optional.of(out);
  }

  /** Whoever is not ahead of the others has no account to keep. */
  private void forgetIdle() {
    if (tenants.size() <= sweepAt) {
      return;
    }
    tenants.values().removeIf(tenant -> tenant.tickets() == 0 && tenant.served() <= floor);
    var longestUnseenFirst = tenants.values().iterator();
    while (tenants.size() > MOST_TENANTS && longestUnseenFirst.hasNext()) {
      if (longestUnseenFirst.next().tickets() == 0) {
        longestUnseenFirst.remove();
      }
    }
    sweepAt = Math.max(FEW_TENANTS, tenants.size() + tenants.size() / 4);
  }
}

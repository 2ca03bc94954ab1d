package dev.andante.gateway.admission;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What classes and tenants have of a full line, while room is looked for in it. A class may be
 * driven down to its share by higher ones, and takes that share back from whoever has more than
 * theirs; within a class the same holds between tenants, by what the newcomer's would have.
 */
final class Shares {

  private final Map<Tenant, Integer> tenants = new HashMap<>();
  private final Map<PriorityClass, Integer> classes = new EnumMap<>(PriorityClass.class);
  private final int ofClass;
  private final Ticket newcomer;

  /**
   * @param ofClass weight that a class has for itself
   */
  Shares(Set<Tenant> waiting, int ofClass, Ticket newcomer) {
    this.ofClass = ofClass;
    this.newcomer = newcomer;
    waiting.forEach(
        tenant -> {
          tenants.put(tenant, tenant.queued());
          tenant.waiting().forEach(ticket -> add(ticket, ticket.weight()));
        });
  }

  private void add(Ticket ticket, int weight) {
    classes.merge(ticket.applicant().priority(), weight, Integer::sum);
  }

  /** It is to go. */
  void without(Ticket ticket) {
    add(ticket, -ticket.weight());
    tenants.merge(ticket.tenant(), -ticket.weight(), Integer::sum);
  }

  int of(Tenant tenant) {
    return tenants.getOrDefault(tenant, 0);
  }

  private int of(PriorityClass priority) {
    return classes.getOrDefault(priority, 0);
  }

  /** Whether the newcomer has more right to a place than this one. */
  boolean mayGo(Ticket ticket) {
    PriorityClass its = ticket.applicant().priority();
    PriorityClass mine = newcomer.applicant().priority();
    if (its == mine) {
      return of(ticket.tenant()) > newcomer.tenant().queued() + newcomer.weight();
    }
    boolean spare = of(its) - ticket.weight() >= ofClass;
    return spare && (its.compareTo(mine) > 0 || of(mine) + newcomer.weight() <= ofClass);
  }
}

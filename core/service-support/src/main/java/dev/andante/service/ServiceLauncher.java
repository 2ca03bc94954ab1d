package dev.andante.service;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;

/**
 * Starts a role as a process of its own or as one of several in a JVM. A role's settings are in
 * {@code andante-<role>.properties} on its class path, since one {@code application.properties}
 * would hide the others where roles share a class path; a user's {@code application.properties} and
 * command line override them.
 */
public final class ServiceLauncher {

  private ServiceLauncher() {}

  /**
   * @param application the role's {@code @SpringBootApplication}
   * @param role prefill, decode, draft, expert, gateway
   */
  public static SpringApplicationBuilder of(Class<?> application, String role) {
    return new SpringApplicationBuilder(application)
        .web(WebApplicationType.REACTIVE)
        .properties("spring.config.name=andante-" + role + ",application");
  }

  /**
   * A worker that shares its JVM with other roles: without HTTP, and with nothing of Spring Boot's
   * own configuration that no worker uses, since going through all that is on such a class path is
   * most of the work of a start.
   *
   * @param application the role's {@code @SpringBootApplication}
   * @param role prefill, decode, draft, expert
   */
  public static SpringApplicationBuilder worker(Class<?> application, String role) {
    return of(application, role)
        .sources(ServiceSupportAutoConfiguration.class, LifecycleAutoConfiguration.class)
        .properties(EnableAutoConfiguration.ENABLED_OVERRIDE_PROPERTY + "=false")
        .web(WebApplicationType.NONE);
  }
}

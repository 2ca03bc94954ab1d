package dev.andante.gateway;

import dev.andante.service.ServiceLauncher;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the gateway, alone or as a child of another context. */
@SpringBootApplication(proxyBeanMethods = false)
public class GatewayApplication {

  public static void main(String[] args) {
    ServiceLauncher.of(GatewayApplication.class, "gateway").run(args);
  }
}

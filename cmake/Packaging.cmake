# install, pkg-config and cpack
